import { type AcceptedMessage, propertiesFor } from '../message';
import { isJson, parseJson } from './router';

/**
 * A message as IoT Hub writes it to storage in JSON encoding: one line. The body is JSON when the device says that it is
 * (content type application/json in UTF-8), else base64.
 */
export function toRawLine(message: AcceptedMessage, enqueuedTime: number, endpointName: string): string {
  const enqueued = new Date(enqueuedTime).toISOString();
  const body = isJson(message) ? parseJson(message.body) : undefined;
  return `${JSON.stringify({
    EnqueuedTimeUtc: enqueued,
    Properties: propertiesFor(message, endpointName),
    SystemProperties: {
      messageId: message.messageId,
      correlationId: message.correlationId,
      userId: message.userId,
      connectionDeviceId: message.deviceId,
      connectionAuthMethod: message.authMethod,
      connectionDeviceGenerationId: message.generationId,
      contentType: message.contentType,
      contentEncoding: message.contentEncoding,
      enqueuedTime: enqueued,
    },
    Body: body === undefined ? message.body.toString('base64') : body,
  })}\n`;
}

/**
 * The blob's name by the endpoint's `fileNameFormat`: {iothub}, {partition} and the UTC time of the first message.
 * @param repetition 0 for the first blob of a minute, then `_1`, `_2` ... behind the name
 */
export function rawBlobName(
  format: string,
  from: { readonly hubName: string; readonly partition: number; readonly time: number; readonly repetition: number },
): string {
  const time = new Date(from.time).toISOString();
  const name = format
    .replaceAll('{iothub}', from.hubName)
    .replaceAll('{partition}', String(from.partition).padStart(2, '0'))
    .replaceAll('{YYYY}', time.slice(0, 4))
    .replaceAll('{MM}', time.slice(5, 7))
    .replaceAll('{DD}', time.slice(8, 10))
    .replaceAll('{HH}', time.slice(11, 13))
    .replaceAll('{mm}', time.slice(14, 16));
  if (from.repetition === 0) return name;
  const extension = /\.[A-Za-z0-9]+$/.exec(name)?.[0] ?? '';
  return `${name.slice(0, name.length - extension.length)}_${from.repetition}${extension}`;
}
