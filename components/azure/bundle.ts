/** The function apps whose code ships with the library, by the names of their folders in `dist/functions`. */
export const functionAppNames = ['normalize', 'write-observations'] as const;
export type FunctionAppName = (typeof functionAppNames)[number];
