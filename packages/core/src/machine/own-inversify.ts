/**
 * The one file of which the build makes a copy of inversify, for machines whose plugins have no use for it (machine-inversify.ts). From the
 * sources it is the inversify that is installed. Nothing else may import it: two copies of these classes must not meet.
 */
export { Container } from "inversify";
