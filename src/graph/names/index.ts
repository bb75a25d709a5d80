// The door of names.
export { type Names, type NamesOfGraph, openNames, readRepositories } from "./names.js";
export { formatRepositories, namesOf, type Repositories, removeNames } from "./repositories.js";
