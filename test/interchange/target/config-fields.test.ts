// Which fields of a record's config an image's config takes, and which times Go reads.
import { describe, expect, it } from "vitest";
import { isGoTime, knownConfigFields } from "../../../src/interchange/target/config-fields.js";

describe("the fields of a config", () => {
  it("are those that Docker and OCI know, where their types are right", () => {
    const right = {
      ...{ User: "1:2", Env: ["A=1"], Cmd: [], Entrypoint: ["/init"], WorkingDir: "/", StopSignal: "9" },
      ...{ ExposedPorts: { "80/tcp": {} }, Volumes: {}, Labels: { a: "b" }, Tty: false, StopTimeout: 5 },
      Healthcheck: { Test: ["CMD", "true"], Interval: 30_000_000_000 },
    };
    expect(knownConfigFields(right)).toEqual(right);
    expect(Object.keys(knownConfigFields(right))).toEqual(Object.keys(right));
  });

  it("are left out where a reader written in Go would refuse the whole for them", () => {
    const wrong = {
      ...{ User: 1, Env: "A=1", Cmd: [1], Entrypoint: {}, WorkingDir: null, StopSignal: [] },
      ...{ ExposedPorts: { "80/tcp": 1 }, Volumes: [], Labels: { a: 1 }, Tty: "no", StopTimeout: 1.5 },
      Healthcheck: { Test: "true" },
    };
    expect(knownConfigFields(wrong)).toEqual({});
  });

  it("of 2013 that nobody knows any more, or of any other name, are left out", () => {
    const old = JSON.parse(
      '{"Memory":0,"PortSpecs":null,"VolumesFrom":"","constructor":"x","__proto__":{"User":"x"}}',
    );
    expect(knownConfigFields(old)).toEqual({});
  });
});

it.each([
  "2013-05-02T15:18:33.123456789Z",
  "2013-05-02T15:18:33-07:00",
  "0001-01-01T00:00:00Z",
  "2024-02-29T23:59:59.5+14:00",
])("%s is a time to Go", (text) => expect(isGoTime(text)).toBe(true));

it.each([
  ...["", "yesterday", "2013-05-02", "2013-05-02 15:18:33Z", "2013-05-02T15:18Z", "2013-05-02T15:18:33"],
  ...["2013-02-29T00:00:00Z", "2013-13-01T00:00:00Z", "2013-00-01T00:00:00Z", "2013-01-00T00:00:00Z"],
  ...["2013-05-02T24:00:00Z", "2013-05-02T15:60:00Z", "2013-05-02T15:18:60Z", "2013-05-02T15:18:33.Z"],
  ...["2013-05-02T15:18:33+24:00", "20130-05-02T15:18:33Z", "2013-05-02t15:18:33z"],
])("%j is none", (text) => expect(isGoTime(text)).toBe(false));
