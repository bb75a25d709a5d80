// Extended attributes, ACLs and flags: a layer may carry what belongs to its files, and nothing of the host's.
import { pax } from "../support/trees/crafted-tar.js";
import { accepted, type CorpusCase, refused } from "./case.js";
import { attribute, directory, fifo, file, hardlink } from "./entries.js";

const capability = "\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/** Of these an archive sets none. */
const forged: [name: string, value: string][] = [
  ["trusted.overlay.opaque", "y"],
  ["trusted.overlay.redirect", "/../../outside"],
  ["trusted.overlay.metacopy", ""],
  ["trusted.overlay.origin", "\0\xfb\x21"],
  ["trusted.anything", "x"],
  ["security.selinux", "system_u:object_r:shadow_t:s0\0"],
  ["security.ima", "\x01x"],
  ["security.evm", "\x02x"],
  ["security.SMACK64", "x"],
  ["security.apparmor", "x"],
  [
    "system.posix_acl_access",
    "\x02\0\0\0\x01\0\x07\0\xff\xff\xff\xff\x04\0\x07\0\xff\xff\xff\xff\x20\0\x07\0\xff\xff\xff\xff",
  ],
  ["system.nfs4_acl", "x"],
  ["Security.Capability", capability],
  ["xuser.x", "x"],
  ["", "x"],
];

const records: [keyword: string, value: string][] = [
  ["SCHILY.acl.access", "user::rwx,user:0:rwx,group::rwx,mask::rwx,other::rwx"],
  ["SCHILY.acl.default", "user::rwx,group::rwx,other::rwx"],
  ["SCHILY.acl.ace", "everyone@:rwx::allow"],
  ["SCHILY.fflags", "uchg,nodump"],
  ["RHT.security.selinux", "system_u:object_r:shadow_t:s0"],
  ["LIBARCHIVE.xattr.trusted.overlay.opaque", "eQ"],
  ["MSWINDOWS.rawsd", "x"],
  ["APPLE.com.apple.quarantine", "x"],
];

export const attributes: readonly CorpusCase[] = [
  accepted(
    "xattrs of the host are not restored, of files or of directories",
    forged.flatMap(([name, value], at) => [
      attribute(name, value),
      file(`f${at}`),
      attribute(name, value),
      directory(`d${at}/`),
    ]),
    forged.flatMap((_, at) => [`d 755 d${at}`, `f 644 f${at}`]).sort(),
  ),
  refused("UNSAFE_ENTRY", "xattrs in a global header", [
    pax(
      forged.map(([name, value]) => [`SCHILY.xattr.${name}`, value]),
      "g",
    ),
    file("f"),
    directory("d/"),
  ]),
  accepted(
    "ACLs, flags and the xattrs of other archivers are not restored",
    records.flatMap(([keyword, value], at) => [pax([[keyword, value]]), file(`f${at}`)]),
    records.map((_, at) => `f 644 f${at}`).sort(),
  ),
  accepted(
    "security.capability is",
    [attribute("security.capability", capability), file("f", "x", { mode: 0o755 })],
    [`f 755 f "x" security.capability=0x${Buffer.from(capability, "latin1").toString("hex")}`],
  ),
  accepted(
    "user.* is, binary and empty, of files and directories",
    [attribute("user.a", "\0\xff\n="), file("f"), attribute("user.empty", ""), directory("d/")],
    ["d 755 d user.empty=0x", "f 644 f user.a=0x00ff0a3d"],
  ),
  accepted(
    "user.overlay.* is: overlayfs heeds it in mounts without privileges alone",
    [attribute("user.overlay.opaque", "y"), directory("d/")],
    ["d 755 d user.overlay.opaque=0x79"],
  ),
  refused("ATTRIBUTE_UNSUPPORTED", "user.* of a fifo, for Linux has none there", [
    attribute("user.x", "1"),
    fifo("p"),
  ]),
  refused("ATTRIBUTE_UNSUPPORTED", "user.* of a hard link that the file itself has not", [
    file("f"),
    attribute("user.x", "1"),
    hardlink("h", "f"),
  ]),
  accepted(
    "user.* of a hard link that the file has too",
    [attribute("user.x", "1"), file("f"), attribute("user.x", "1"), hardlink("h", "f")],
    ["f 644 f user.x=0x31", "h h = f"],
  ),
  refused("ATTRIBUTE_UNSUPPORTED", "a capability that is not a valid one", [
    attribute("security.capability", "x"),
    file("f"),
  ]),
  refused("ATTRIBUTE_UNSUPPORTED", "a capability in the form of bsdtar alone", [
    pax([["LIBARCHIVE.xattr.security.capability", "AQAAAgAgAAAAAAAAAAAAAAAAAAA"]]),
    file("f"),
  ]),
  refused("ATTRIBUTE_UNSUPPORTED", "user.* in the form of bsdtar alone", [
    pax([["LIBARCHIVE.xattr.user%2ex", "eA"]]),
    file("f"),
  ]),
  accepted(
    "user.* in the forms of bsdtar and of star is taken by that of star",
    [
      pax([
        ["LIBARCHIVE.xattr.user.x", "eA"],
        ["SCHILY.xattr.user.x", "x"],
      ]),
      file("f"),
    ],
    ["f 644 f user.x=0x78"],
  ),
  accepted(
    "the attributes of what a later entry replaces are no matter, wherever they could be kept",
    [attribute("user.big", "x".repeat(5000)), file("f"), file("f", "new")],
    ['f 644 f "new"'],
  ),
  accepted(
    "what has more names keeps its attributes when one of them is replaced",
    [attribute("user.x", "1"), file("f"), hardlink("h", "f"), file("f", "new")],
    ['f 644 f "new"', "f 644 h user.x=0x31"],
  ),
  accepted(
    "the xattr that is given twice is the last",
    [
      pax([
        ["SCHILY.xattr.user.x", "1"],
        ["SCHILY.xattr.user.x", "2"],
      ]),
      file("f"),
    ],
    ["f 644 f user.x=0x32"],
  ),
  accepted(
    "an xattr does not outlive its entry",
    [attribute("user.x", "1"), file("f"), file("g")],
    ["f 644 f user.x=0x31", "f 644 g"],
  ),
];
