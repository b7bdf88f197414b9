/** What a device sent at one moment, under whichever way a hop writes the time: a device sends no two in a millisecond. */
export function readingKey(deviceId: string, time: string | number): string {
  return `${deviceId} ${new Date(time).getTime()}`;
}
