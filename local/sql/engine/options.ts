import { refused } from '../sqlError';
import type { Session } from './session';

/** Settings that every driver sends, and how they have to stand. */
const fixed: Readonly<Record<string, readonly string[]>> = {
  ANSI_NULLS: ['ON'],
  ANSI_NULL_DFLT_ON: ['ON'],
  ANSI_PADDING: ['ON'],
  ANSI_WARNINGS: ['ON'],
  ARITHABORT: ['ON'],
  CONCAT_NULL_YIELDS_NULL: ['ON'],
  CURSOR_CLOSE_ON_COMMIT: ['OFF'],
  DATEFIRST: ['7'],
  DATEFORMAT: ['MDY', 'YMD'],
  IMPLICIT_TRANSACTIONS: ['OFF'],
  LANGUAGE: ['US_ENGLISH'],
  NUMERIC_ROUNDABORT: ['OFF'],
  QUOTED_IDENTIFIER: ['ON'],
};

/** SET of an option: what changes how statements run here is kept, what has one value only is checked. */
export function setOption(session: Session, name: string, value: string): void {
  switch (name) {
    case 'NOCOUNT':
      session.countsRows = value !== 'ON';
      return;
    case 'XACT_ABORT':
      session.abortsOnError = value === 'ON';
      return;
    case 'LOCK_TIMEOUT':
      session.lockTimeoutMs = Number(value) < 0 ? undefined : Number(value);
      return;
    case 'TEXTSIZE':
      return;
    case 'TRANSACTION ISOLATION LEVEL':
      if (value === 'SNAPSHOT') throw refused('the isolation level SNAPSHOT', 'READ COMMITTED or SERIALIZABLE');
      session.isSerializable = value === 'SERIALIZABLE' || value === 'REPEATABLE READ';
      return;
    default:
      if (!fixed[name]?.includes(value)) throw refused(`SET ${name} ${value}`);
  }
}
