// The contract imports nothing of the domain, nor the domain the contract: that the two say the same is held here.
import fc from "fast-check";
import { expect, it } from "vitest";
import { isId, makeId } from "../../src/graph/index.js";
import {
  defaultRecipe,
  differenceKinds,
  imageIdPattern,
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

it("the contract and the mounts have the same drivers, tried in the same order", () => {
  expect(mountDriverNames).toEqual(driverNames);
});
