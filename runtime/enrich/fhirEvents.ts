import { type ChangeNotice, type WatchedType, watchedTypes } from './resourceChange';

interface GridEvent {
  readonly eventType?: string;
  readonly eventTime?: string;
  readonly data?: {
    readonly resourceType?: string;
    readonly resourceFhirId?: string;
    readonly resourceVersionId?: number | string;
  };
}

/**
 * Reads the events of a FHIR service (Event Grid schema) in the body of one event of the hub: a list, also of one. Events of other
 * services and about other types are left out.
 *
 * @throws Error when it is something else
 */
export function readFhirEvents(text: string): readonly ChangeNotice[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error('The event is not valid JSON.');
  }
  const events = Array.isArray(value) ? value : [value];
  return events.flatMap((event: GridEvent | null) => {
    if (typeof event?.eventType !== 'string') throw new Error('The event is not in the schema of Event Grid.');
    return noticeOf(event) ?? [];
  });
}

function noticeOf({ eventType = '', eventTime = '', data = {} }: GridEvent): ChangeNotice | undefined {
  const { resourceType, resourceFhirId: id, resourceVersionId } = data;
  const type = watchedTypes.find((one) => one === resourceType) as WatchedType | undefined;
  if (!/^Microsoft\.HealthcareApis\.FhirResource(Created|Updated|Deleted)$/.test(eventType)) return undefined;
  if (type === undefined) return undefined;
  const at = Date.parse(eventTime);
  if (!/^[A-Za-z0-9.-]{1,64}$/.test(id ?? '') || Number.isNaN(at))
    throw new Error('The event lacks the resource or its time.');
  return { type, id: id as string, version: Number(resourceVersionId ?? 1), at };
}
