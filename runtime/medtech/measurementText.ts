import type { Measurement } from '../contracts/measurement';

/** The body of a normalized message: what JSON.stringify gives, in half the time. */
export function measurementText(measurement: Measurement): string {
  const { Type, OccurrenceTimeUtc, IngestionTimeUtc, DeviceId, PatientId, EncounterId, CorrelationId, Properties } =
    measurement;
  let properties = '';
  for (const { Name, Value } of Properties) {
    properties += `${properties === '' ? '' : ','}{"Name":${quoted(Name)},"Value":${quoted(Value)}}`;
  }
  return (
    `{"Type":${quoted(Type)},"OccurrenceTimeUtc":${quoted(OccurrenceTimeUtc)},` +
    `"IngestionTimeUtc":${quoted(IngestionTimeUtc)},"DeviceId":${quoted(DeviceId)},"PatientId":${quoted(PatientId)},` +
    `"EncounterId":${quoted(EncounterId)},"CorrelationId":${quoted(CorrelationId)},"Properties":[${properties}]}`
  );
}

/** Control characters, quotes and backslashes are escaped; halves of surrogate pairs only when they stand alone. */
const mayNeedEscape = /[^ !#-[\]-~\u00a0-\ud7ff\ue000-\uffff]/;

function quoted(text: string | null): string {
  if (text === null) return 'null';
  return mayNeedEscape.test(text) ? JSON.stringify(text) : `"${text}"`;
}
