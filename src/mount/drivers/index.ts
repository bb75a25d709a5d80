// The ways to show a stack of layers as one directory.
export { assertTakes, availableDrivers, chooseDriver, type DriverChoice, driverOf } from "./drivers.js";
