export { positionSteps, stepAlert, type MirroredPosition, type PositionStep, type SeenChange } from './position-steps.ts'
