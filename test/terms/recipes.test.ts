import { expect, test } from "vitest";
import { assertRecipe, defaultRecipe, recipeNames } from "../../src/terms/index.js";

test("the default is the first of the recipes", () => {
  expect(defaultRecipe).toBe(recipeNames[0]);
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
