import type { StoredResource } from '../enrich/fhirShapes';
import type { FhirClient } from '../fhir/fhirClient';
import { FhirFault, isSuccess } from '../fhir/fhirFault';
import type { Resource } from '../medtech/fhir/resources';
import type {
  CareTeam,
  Encounter,
  Location,
  NamedPatient,
  Practitioner,
  PractitionerRole,
} from '../routing/careShapes';
import type { StepLog } from '../stream/stepLog';

const pageSize = 500;
/** Ids in one search, so that what is found fits on few pages. */
const idsPerSearch = 50;

/** Only what is read is asked for. A choice goes by its base name, as FHIR R4 has it, and by its own names, as some services do. */
const elements = {
  Encounter: 'status,class,subject,period,location',
  Device: 'patient',
  Flag: 'subject',
  Patient: 'name,birthDate,identifier,deceased,deceasedBoolean,deceasedDateTime',
  CareTeam: 'name,status,subject,encounter,period,participant',
  PractitionerRole: 'identifier,active,period,practitioner,code,location',
  Practitioner: 'identifier,active',
  Location: 'name,physicalType,partOf',
} as const;

interface Shapes {
  Encounter: Encounter;
  Patient: NamedPatient;
  CareTeam: CareTeam;
  PractitionerRole: PractitionerRole;
  Practitioner: Practitioner;
  Location: Location;
}
type Shape<Type> = Type extends keyof Shapes ? Shapes[Type] : StoredResource;
type ReadType = keyof typeof elements;

/** Resources of a type, by the value of a search parameter. */
export interface ByIds {
  readonly type: ReadType;
  readonly by: '_id' | 'patient' | 'location';
  readonly ids: readonly string[];
  /** What else they must meet. */
  readonly rest?: string;
}

/** Searches of one run; each call is one batch, and its further pages. */
export class CareSearches {
  constructor(
    private readonly client: FhirClient,
    private readonly log: StepLog,
  ) {}

  /** The URL of a search. */
  of(type: ReadType, parameters: string): string {
    return `${type}?${parameters}&_elements=${elements[type]}&_count=${pageSize}`;
  }

  /** What each search found. @throws FhirFault when one is refused */
  async all(urls: readonly string[]): Promise<readonly (readonly Resource[])[]> {
    const found = await this.client.search(urls, this.log);
    const refused = found.find(({ status }) => !isSuccess(status));
    if (refused !== undefined) throw new FhirFault(refused.status);
    return found.map(({ resources }) => resources);
  }

  /** What was found for each of the questions; one without ids is not asked. */
  async byIds<const Asked extends readonly ByIds[]>(
    asked: Asked,
  ): Promise<{ readonly [Index in keyof Asked]: readonly Shape<Asked[Index]['type']>[] }> {
    const urls = asked.map(({ type, by, ids, rest }) =>
      partsOf([...new Set(ids)].sort()).map((part) => {
        const values = part.map((id) => encodeURIComponent(by === '_id' ? id : `${targets[by]}/${id}`)).join(',');
        return this.of(type, `${by}=${values}${rest === undefined ? '' : `&${rest}`}`);
      }),
    );
    const answers = [...(await this.all(urls.flat()))];
    const found = urls.map((own) => answers.splice(0, own.length).flat());
    return found as { readonly [Index in keyof Asked]: readonly Shape<Asked[Index]['type']>[] };
  }
}

const targets = { patient: 'Patient', location: 'Location' } as const;

/** A value as a token parameter takes it: `,`, `|`, `$` and `\` stand for themselves. */
export function tokenOf(value: string): string {
  return value.replaceAll(/[\\,|$]/g, (character) => `\\${character}`);
}

function partsOf(ids: readonly string[]): readonly (readonly string[])[] {
  return Array.from({ length: Math.ceil(ids.length / idsPerSearch) }, (_, index) =>
    ids.slice(index * idsPerSearch, (index + 1) * idsPerSearch),
  );
}
