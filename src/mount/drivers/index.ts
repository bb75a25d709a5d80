// The ways to show a stack of layers as one directory.
export { type DriverName, driverNames } from "./driver.js";
export { assertTakes, availableDrivers, chooseDriver, type DriverChoice, driverOf } from "./drivers.js";
