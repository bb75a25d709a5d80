// The door of drivers.
export type { Driver } from "./driver.js";
export { availableDrivers, chooseDriver, driverOf } from "./drivers.js";
