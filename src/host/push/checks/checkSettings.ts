export const checkLevels = ['off', 'warn', 'ask', 'refuse'] as const;

/**
 * `warn`: the push goes on, and its result says so. `ask`: the person decides; where nobody may be asked, it is refused.
 */
export type CheckLevel = (typeof checkLevels)[number];

/** The settings `teaChest.check`. */
export interface CheckSettings {
  readonly dirtyWorkingTree: CheckLevel;
  readonly existingTag: CheckLevel;
  readonly latestTag: CheckLevel;
}
