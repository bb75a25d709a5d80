// The door of registry: images in registries, by OCI Distribution 1.1 and Docker's API version 2.
export type { RegistryPolicy } from "./policy.js";
export { openRegistries, type Registries, type RepositoryAddress } from "./registries.js";
export type { BlobDescriptor, FetchedManifest, RegistryAction, Repository } from "./repository.js";
