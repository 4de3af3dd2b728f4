export { positionSteps, stepAlert, type MirroredPosition, type PositionStep, type SeenChange } from './position-steps.ts'
export { leftLegs, movedLegs, protectionAlert, restingLegs, type ProtectionLegs, type RestingTrigger } from './protection-change.ts'
