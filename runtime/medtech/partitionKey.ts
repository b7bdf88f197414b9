/**
 * The partition key of a measurement in the `normalizeddata` hub, so that one device's measurements stay in order: the
 * managed MedTech service's, a 32-bit hash of the lower-case device id modulo 256, as text.
 */
export function partitionKey(deviceId: string): string {
  let hash = 0;
  const text = deviceId.toLowerCase();
  for (let index = 0; index < text.length; index++) hash = (Math.imul(31, hash) + text.charCodeAt(index)) | 0;
  return String(Math.abs(hash) % 256);
}
