/**
 * What may be a device id on the whole path: an IoT Hub device id, a DPS registration id and the common name of an X.509
 * certificate at once. IoT Hub allows 128 characters and more signs; DPS allows letters, digits and `- . _ :` with a
 * letter, digit or dash at the end (DPS concepts: registration ID); a common name has at most 64 characters
 * (RFC 5280, ub-common-name). This is what all three accept.
 */
const deviceIdPattern = /^[A-Za-z0-9._:-]{0,63}[A-Za-z0-9-]$/;

export const deviceIdRule = '1 to 64 letters, digits or - . _ : with a letter, a digit or a dash at the end';

export function isDeviceId(text: string): boolean {
  return deviceIdPattern.test(text);
}

/** The device id of a file that names no devices: its name without extension, other signs replaced by a dash. */
export function deviceIdOfFile(fileName: string): string {
  const stem = fileName.replace(/^.*[/\\]/, '').replace(/\.[^.]*$/, '');
  const safe = stem
    .replace(/[^A-Za-z0-9._:-]+/g, '-')
    .slice(0, 64)
    .replace(/[._:]+$/, '');
  return safe === '' ? 'device' : safe;
}
