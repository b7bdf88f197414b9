/** What the kernel remembers of a patient between two windows: JSON, bounded, opaque to every compute. */
export interface PatientState {
  /** Of this shape; one that is not known is refused. */
  readonly version: 1;
}
