// The contract imports nothing of the domain, nor the domain the contract: that the two say the same is held here.
import fc from "fast-check";
import { expect, it } from "vitest";
import { isId, isImageName, makeId } from "../../src/graph/index.js";
import {
  defaultRecipe,
  differenceKinds,
  imageIdPattern,
  imageName,
  mountDriverNames,
  recipeNames,
} from "../../src/jobs/index.js";
import * as layer from "../../src/layer/index.js";
import { driverNames } from "../../src/mount/index.js";

it("the contract and the layers have the same recipes, and the same default", () => {
  expect(recipeNames).toEqual(layer.recipeNames);
  expect(defaultRecipe).toBe(layer.defaultRecipe);
});

it("the contract and the layers tell the same kinds of differences", () => {
  expect(differenceKinds).toEqual(layer.differenceKinds);
});

it("the contract and the graph take the same ids", () => {
  const anId = fc.oneof(fc.string(), fc.stringMatching(/^[A-Za-z0-9_.:/-]{0,130}$/), fc.constant(makeId()));
  fc.assert(fc.property(anId, (id) => isId(id) === imageIdPattern.test(id)));
});

it("the contract and the graph take the same names", () => {
  const aName = fc.oneof(
    fc.string(),
    fc.stringMatching(/^[a-zA-Z0-9_.:/@[\]-]{0,40}$/),
    fc.stringMatching(/^[a-z]{0,3}(?:[._:/-]{1,2}[a-zA-Z0-9]{1,3}){0,5}$/),
    fc.stringMatching(/^a{250,256}(?::b{126,130})?$/),
    fc.constantFrom(makeId(), `${makeId()}:a`, "[::1]:5000/x", "a".repeat(255), "a".repeat(256)),
  );
  fc.assert(
    fc.property(aName, (name) => imageName.safeParse(name).success === isImageName(name)),
    { numRuns: 3_000 },
  );
});

it("the contract and the mounts have the same drivers, tried in the same order", () => {
  expect(mountDriverNames).toEqual(driverNames);
});
