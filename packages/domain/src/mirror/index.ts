export { positionSteps, stepAlert, type MirroredPosition, type PositionStep, type SeenChange } from './position-steps.ts'
export {
  leftLegs,
  movedLegs,
  movedTrailing,
  protectionAlert,
  restingLegs,
  type ProtectionLegs,
  type RestingLegs,
  type RestingTrigger,
} from './protection-change.ts'
