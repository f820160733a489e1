export { LabError } from "./errors";
