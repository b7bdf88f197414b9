import type { QueryValue } from './queryFunctions';
import { type Expression, follow, own, type Path, parseExpression } from './queryParser';

/** What a condition may look at. */
export interface QuerySubject {
  /** Application properties of the message. */
  readonly properties: Readonly<Record<string, string>>;
  /** `$messageId`, `$connectionDeviceId` ... without the `$`. */
  systemProperty(name: string): QueryValue;
  /** The body as JSON when its content type is application/json and its encoding UTF-8; else undefined. */
  body(): QueryValue;
  /** Twin of the device: `tags`, `properties.desired`, `properties.reported`. */
  twin(): QueryValue;
}

/** A condition that was understood. */
export type Query = (subject: QuerySubject) => boolean;

/** System properties that a routing query may name (IoT Hub message routing query syntax). */
const systemProperties = [
  'contentType',
  'contentEncoding',
  'connectionDeviceId',
  'connectionModuleId',
  'correlationId',
  'enqueuedTime',
  'messageId',
  'messageSource',
  'userId',
] as const;

/**
 * Reads a condition in the IoT Hub message routing query language. As there, application properties are strings (use
 * AS_NUMBER), and an operation on a value that is missing or of another type yields "undefined", which matches nothing.
 * @throws Error that says what cannot be read or is not known.
 */
export function parseQuery(condition: string): Query {
  const expression = parseExpression(condition, routingName);
  return (subject) => expression(subject) === true;
}

/** The devices that a configuration's target condition looks at, as `deviceId`, `tags.<name>` ... */
export interface TargetDevice {
  readonly deviceId: string;
  readonly tags: Readonly<Record<string, unknown>>;
  readonly capabilities: { readonly iotEdge: boolean };
  readonly properties: { readonly reported: Readonly<Record<string, unknown>> };
}

/**
 * Reads the target condition of an automatic deployment: `*`, or conditions on deviceId, tags, capabilities.iotEdge and
 * properties.reported (IoT Edge automatic deployments, "Target condition").
 * @throws Error that says what cannot be read or is not known.
 */
export function parseTargetCondition(condition: string): (device: TargetDevice) => boolean {
  if (condition.trim() === '*') return () => true;
  const expression = parseExpression(condition, targetName);
  return (device) => expression(device) === true;
}

function routingName(name: string, path: Path): Expression<QuerySubject> {
  if (name === '$body') return (subject) => follow(subject.body(), path);
  if (name === '$twin') return (subject) => follow(subject.twin(), path);
  if (!name.startsWith('$')) return (subject) => own(subject.properties, [name, ...path].join('.'));
  if (path.length > 0 || !systemProperties.some((known) => `$${known}` === name)) {
    throw new Error(`"${name}" is no system property; known are $body, $twin, $${systemProperties.join(', $')}.`);
  }
  return (subject) => subject.systemProperty(name.slice(1));
}

function targetName(name: string, path: Path): Expression<TargetDevice> {
  const known =
    (name === 'deviceId' && path.length === 0) ||
    (name === 'tags' && path.length > 0) ||
    (name === 'capabilities' && path[0] === 'iotEdge') ||
    (name === 'properties' && path[0] === 'reported');
  if (!known) {
    throw new Error(
      `"${[name, ...path].join('.')}" is unknown here; known are deviceId, tags.<name>, capabilities.iotEdge and properties.reported.<name>.`,
    );
  }
  return (device) => follow(device, [name, ...path]);
}
