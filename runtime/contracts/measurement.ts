/** One named value of a measurement. Values are always text, as in the managed service's normalized messages. */
export interface MeasurementProperty {
  readonly Name: string;
  readonly Value: string;
}

/**
 * A normalized message: what one template found in one device message. Names, order and case are those of the managed
 * MedTech service, so that its readers can read ours. Times are ISO 8601 in UTC with up to 7 fraction digits.
 */
export interface Measurement {
  readonly Type: string;
  readonly OccurrenceTimeUtc: string;
  readonly IngestionTimeUtc: string | null;
  readonly DeviceId: string;
  readonly PatientId: string | null;
  readonly EncounterId: string | null;
  readonly CorrelationId: string | null;
  readonly Properties: readonly MeasurementProperty[];
}

const optionalTexts = ['IngestionTimeUtc', 'PatientId', 'EncounterId', 'CorrelationId'] as const;

/**
 * Reads a normalized message.
 *
 * @throws Error with every member that is wrong, by name; values are not shown (PHI).
 */
export function parseMeasurement(text: string): Measurement {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error('The normalized message is not valid JSON.');
  }
  if (!isRecord(value)) throw new Error('The normalized message is not a JSON object.');
  const wrong = wrongMembers(value);
  if (wrong.length > 0) throw new Error(`The normalized message has missing or wrong members: ${wrong.join(', ')}.`);
  return value as unknown as Measurement;
}

function wrongMembers(value: Record<string, unknown>): string[] {
  const wrong: string[] = ['Type', 'OccurrenceTimeUtc', 'DeviceId'].filter(
    (name) => typeof value[name] !== 'string' || value[name] === '',
  );
  for (const name of optionalTexts) {
    const member = value[name];
    if (member !== null && member !== undefined && typeof member !== 'string') wrong.push(name);
  }
  if (!wrong.includes('OccurrenceTimeUtc') && Number.isNaN(Date.parse(String(value.OccurrenceTimeUtc)))) {
    wrong.push('OccurrenceTimeUtc');
  }
  if (!Array.isArray(value.Properties) || !value.Properties.every(isProperty)) wrong.push('Properties');
  return wrong;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isProperty(value: unknown): value is MeasurementProperty {
  return isRecord(value) && typeof value.Name === 'string' && typeof value.Value === 'string';
}
