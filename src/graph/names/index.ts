// The names of the images, in Docker 0.3's file `repositories`.
export { type Names, type NamesOfGraph, openNames, readRepositories } from "./names.js";
export { formatRepositories, namesOf, type Repositories, removeNames } from "./repositories.js";
