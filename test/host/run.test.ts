import { expect, test } from "vitest";
import { run } from "../../src/host/index.js";
import { withEnvironment } from "../support/processes/environment.js";

const printenv = { command: "printenv", package: "coreutils" };

test.each([
  ["", "glibc.malloc.hugetlb=1"],
  ["glibc.malloc.check=3", "glibc.malloc.check=3:glibc.malloc.hugetlb=1"],
  ["glibc.malloc.hugetlb=0", "glibc.malloc.hugetlb=0"],
  ["glibc.malloc.hugetlb=2:glibc.malloc.check=3", "glibc.malloc.hugetlb=2:glibc.malloc.check=3"],
])("a tool that is run where GLIBC_TUNABLES is %s gets %s", async (given, expected) => {
  const told = await withEnvironment({ GLIBC_TUNABLES: given }, () => run(printenv, ["GLIBC_TUNABLES"]));
  expect(told).toBe(expected);
});
