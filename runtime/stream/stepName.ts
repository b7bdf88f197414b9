import type { FailedStep } from '../contracts/deadLetter';

/** What a line of the log names as its step: those that can give a message up, and those that never do. */
export type StepName =
  | FailedStep
  | 'clock-marks'
  | 'score'
  | 'repair'
  | 'pending'
  | 'baselines'
  | 'long-windows'
  | 'migrate'
  | 'routing';
