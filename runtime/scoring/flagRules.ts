/** The rule table by which a flag is raised, kept and lowered. */
export interface FlagRules {
  /** Windows in a row below the level before a flag is lowered. */
  readonly lowerWindows: number;
}
