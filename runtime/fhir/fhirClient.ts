import { setTimeout as pause } from 'node:timers/promises';
import type { Resource } from '../medtech/fhir/resources';
import { anyFault, hold } from '../stream/hold';
import type { StepLog } from '../stream/stepLog';
import type { StepName } from '../stream/stepName';
import { retryAfterOf } from '../stream/transient';
import { AdaptiveConcurrency } from './adaptiveConcurrency';
import { type BatchAnswer, type BatchRequest, type Bundle, batchBundle, divide, halves } from './batch';
import { FhirFault, isTransientStatus } from './fhirFault';
import type { Answer, Transport } from './transport';

/** What a search found, or the status with which it was refused. */
export interface Found {
  readonly status: number;
  readonly resources: readonly Resource[];
  /** Most resources that came along with the matches of one page (`_include`, `_revinclude`). */
  readonly includedOnPage: number;
}

/** Answers to a whole batch that are about its content: the entries are tried in smaller batches. */
const aboutContent = [400, 413, 422];

/**
 * Reads and writes a FHIR R4 service in batches. Each call resolves once every one of its requests has a final answer:
 * what is transient (`isTransientStatus`, no answer) is tried again without end, entries on their own, and holds the
 * caller. One client for a process, so that all its work shares one concurrency.
 */
export class FhirClient {
  private readonly concurrency = new AdaptiveConcurrency();
  /** Until then the service asked to be left alone (monotonic, milliseconds): by all, not by the one that it told. */
  private quietUntil = 0;
  /** The service's clock as its last answer told it, milliseconds since 1970. */
  private told: number | undefined;

  constructor(
    private readonly transport: Transport,
    /** Who reads and writes, for the line that says that a partition is held. */
    private readonly step: StepName,
  ) {}

  /** The answers in the order of the requests. */
  async batch(requests: readonly BatchRequest[], log: StepLog): Promise<readonly BatchAnswer[]> {
    const answers = await Promise.all(divide(requests).map((part) => this.send(part, log)));
    return answers.flat();
  }

  /** All pages of each search, in the order of the searches. */
  async search(urls: readonly string[], log: StepLog): Promise<readonly Found[]> {
    const found = urls.map(() => ({ status: 200, resources: [] as Resource[], includedOnPage: 0 }));
    let pages = urls.map((url, index) => ({ url, into: found[index] as (typeof found)[number] }));
    while (pages.length > 0) {
      const requests = pages.map(({ url }) => ({ method: 'GET', url }) as const);
      const answers = await this.batch(requests, log);
      pages = pages.flatMap(({ into }, index) => {
        const { status, resource } = answers[index] as BatchAnswer;
        if (resource?.resourceType !== 'Bundle') {
          into.status = status;
          return [];
        }
        const { entry = [], link } = resource as Bundle;
        into.resources.push(...entry.flatMap((one) => one.resource ?? []));
        const included = entry.filter(({ search }) => search?.mode === 'include').length;
        into.includedOnPage = Math.max(into.includedOnPage, included);
        return nextPages(link).map((url) => ({ url, into }));
      });
    }
    return found;
  }

  /**
   * The service's time in milliseconds since 1970, to the second and not ahead: what it writes from now on is not earlier.
   */
  async time(log: StepLog): Promise<number> {
    const ask = async () => {
      this.told = undefined;
      await this.batch([{ method: 'GET', url: 'Patient?_id=none&_elements=id' }], log);
      if (this.told === undefined) throw new FhirFault(undefined);
      return this.told;
    };
    return hold(this.step, log, ask, anyFault);
  }

  private async send(requests: readonly BatchRequest[], log: StepLog): Promise<readonly BatchAnswer[]> {
    const answers = new Array<BatchAnswer | undefined>(requests.length);
    let open = requests.map((_, index) => index);
    const attempt = async () => {
      const fault = await this.attempt(requests, open, answers, log);
      open = open.filter((index) => answers[index] === undefined);
      if (open.length > 0) throw fault ?? new FhirFault(undefined);
    };
    await hold(this.step, log, attempt, anyFault);
    return answers as readonly BatchAnswer[];
  }

  /** Sends the open requests once, and notes the final answers; the fault that left others open. */
  private async attempt(
    requests: readonly BatchRequest[],
    open: readonly number[],
    answers: (BatchAnswer | undefined)[],
    log: StepLog,
  ): Promise<FhirFault | undefined> {
    const sent = open.map((index) => requests[index] as BatchRequest);
    const { status, headers, bundle } = await this.post(sent);
    if (bundle === undefined) {
      if (!aboutContent.includes(status)) return new FhirFault(status, headers);
      const smaller =
        sent.length > 1
          ? (await Promise.all(halves(sent).map((half) => this.send(half, log)))).flat()
          : sent.map(() => ({ status }));
      for (const [position, index] of open.entries()) answers[index] = smaller[position];
      return undefined;
    }
    let fault: FhirFault | undefined;
    for (const [position, index] of open.entries()) {
      const answer = answerOf(bundle, position);
      if (answer !== undefined && !isTransientStatus(answer.status)) answers[index] = answer;
      else fault ??= new FhirFault(answer?.status, headers);
    }
    return fault;
  }

  private post(requests: readonly BatchRequest[]): Promise<Answer> {
    const body = JSON.stringify(batchBundle(requests));
    return this.concurrency.run(async () => {
      while (performance.now() < this.quietUntil) await pause(this.quietUntil - performance.now());
      const answer = await this.transport(body);
      const date = Date.parse(answer.headers.get('date') ?? '');
      if (!Number.isNaN(date)) this.told = date;
      const asked = isOverloaded(answer) ? retryAfterOf({ response: answer }) : undefined;
      if (asked !== undefined) this.quietUntil = Math.max(this.quietUntil, performance.now() + asked);
      return answer;
    }, isOverloaded);
  }
}

function answerOf(bundle: Bundle, position: number): BatchAnswer | undefined {
  const { resource, response } = bundle.entry?.[position] ?? {};
  const status = Number.parseInt(response?.status ?? '', 10);
  return Number.isNaN(status) ? undefined : { status, resource, etag: response?.etag };
}

/** A batch that was taken can hold entries that were not. */
function isOverloaded({ status, bundle }: Answer): boolean {
  const entries = bundle?.entry ?? [];
  return [status, ...entries.map((_, position) => answerOf(bundle as Bundle, position)?.status ?? 0)].some((one) =>
    [429, 503].includes(one),
  );
}

/**
 * Pages that follow, relative to the service: the token goes nowhere else. `related` is where Azure's service goes on
 * with resources that were included.
 */
function nextPages(links: Bundle['link'] = []): readonly string[] {
  return links
    .filter(({ relation }) => relation === 'next' || relation === 'related')
    .flatMap(({ url }) => /[A-Za-z]*(?:\/\$includes)?\?.*$/.exec(url ?? '')?.[0] ?? []);
}
