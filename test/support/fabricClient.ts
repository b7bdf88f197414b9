import type { LocalCloud } from '../../local/cloud';
import type { Principal } from '../../local/contracts';

type Json = Readonly<Record<string, unknown>>;

/** Somebody who calls Fabric's API past every program. */
export class FabricClient {
  constructor(
    private readonly cloud: LocalCloud,
    readonly principal: Principal,
    private readonly audience = 'https://api.fabric.microsoft.com',
  ) {}

  get(path: string): Promise<Json> {
    return this.done('GET', path);
  }

  post(path: string, body: object): Promise<Json> {
    return this.done('POST', path, body);
  }

  patch(path: string, body: object): Promise<Json> {
    return this.done('PATCH', path, body);
  }

  delete(path: string): Promise<Json> {
    return this.done('DELETE', path);
  }

  async status(method: string, path: string, body?: object): Promise<number> {
    return (await this.call(method, path, body)).status;
  }

  /** How the operation behind a request ended. */
  async operation(path: string, body: object): Promise<Json> {
    const begun = await this.call('POST', path, body);
    const operation = begun.headers.get('x-ms-operation-id');
    if (operation === null) throw new Error(`POST ${path}: ${begun.status} ${await begun.text()}`);
    for (;;) {
      const state = await this.get(`/operations/${operation}`);
      if (state.status !== 'Running') return { ...state, operation };
    }
  }

  /** Changes the text of a semantic model's model.bim. */
  async editModel(path: string, change: (text: string) => string): Promise<void> {
    const { operation } = await this.operation(`${path}/getDefinition?format=TMSL`, {});
    const { definition } = (await this.get(`/operations/${operation}/result`)) as {
      definition: { parts: { path: string; payload: string }[] };
    };
    const parts = definition.parts.map((part) => {
      const text = Buffer.from(part.payload, 'base64').toString();
      return part.path === 'model.bim' ? { ...part, payload: Buffer.from(change(text)).toString('base64') } : part;
    });
    const { status, error } = await this.operation(`${path}/updateDefinition`, { definition: { parts } });
    if (status !== 'Succeeded') throw new Error(JSON.stringify(error));
  }

  private async done(method: string, path: string, body?: object): Promise<Json> {
    const response = await this.call(method, path, body);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? {} : (JSON.parse(text) as Json);
  }

  private async call(method: string, path: string, body?: object): Promise<Response> {
    const { token } = await this.cloud.authority.token(this.principal, this.audience);
    return fetch(`${this.cloud.fabric.urls.fabricApiUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }
}
