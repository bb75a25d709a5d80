// The door of drivers.
export { type Driver, type DriverName, driverNames } from "./driver.js";
export { availableDrivers, chooseDriver, driverOf } from "./drivers.js";
