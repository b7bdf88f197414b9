/** What the engine sends for a value that is not known in a preview. */
const unknown = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';

/** Which of the properties differ for certain: one that is not known yet may well stay as it is. */
export function changed<T extends object>(olds: T, news: T, properties: readonly (keyof T & string)[]): string[] {
  return properties.filter((key) => news[key] !== unknown && olds[key] !== news[key]);
}
