import { expect, test } from "vitest";
import * as contract from "../../src/jobs/index.js";
import { assertRecipe, defaultRecipe, recipeNames } from "../../src/layer/recipe.js";

test("the recipes are those of the job contract, with the same default", () => {
  expect(recipeNames).toEqual(contract.recipeNames);
  expect(defaultRecipe).toBe(contract.defaultRecipe);
});

test.each(recipeNames)("%s is a recipe", (name) => {
  expect(assertRecipe(name)).toBe(name);
});

test.each(["xz-9", "", "XZ-6", "toString", "__proto__"])(
  "%j is none, and the error lists those there are",
  (name) => {
    expect(() => assertRecipe(name)).toThrow(
      expect.objectContaining({
        code: "UNKNOWN_RECIPE",
        message: `unknown recipe ${JSON.stringify(name)}: use xz-6, xz-1, docker`,
      }),
    );
  },
);
