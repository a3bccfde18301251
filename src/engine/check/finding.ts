import type { CheckStepName, FindingKind } from '../../api/wire/check.ts';

/** Something that is not as it should be, and how to put it right where that needs nobody's decision. */
export interface Finding {
  kind: FindingKind;
  subject: string;
  text: string;
  remedy?: string;
  /** Idempotent. */
  repair?: () => Promise<void> | void;
}

export interface StepContext {
  signal: AbortSignal;
  progress: (done: number, total: number) => void;
}

/**
 * One part of the check. It changes nothing, and it runs beside everything else that the engine does: what it suspects it looks at once more
 * before it says so, when whoever may have been at work on it has finished or shows that he is.
 */
export interface CheckStep {
  readonly name: CheckStepName;
  run(context: StepContext): AsyncIterable<Finding>;
}
