/** System of a Flag's permanent identifier, `patient/kind/since`. */
export const flagSystem = 'urn:pulumi-azure-iomt:flag';

/** System of the identifier that a Flag carries only while it stands, `patient.kind`: by it the standing one is searched for. */
export const standingFlagSystem = 'urn:pulumi-azure-iomt:standing-flag';
