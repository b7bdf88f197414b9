import { join } from 'node:path';
import { FhirServices } from '../../local/fhir/fhirServices';
import { resourceGroupId, type TestContext, testContext } from '../../test/support/context';
import { serve } from '../childProcess';

const id = `${resourceGroupId}/providers/Microsoft.HealthcareApis/workspaces/bench/fhirservices/r4`;
const kind = 'healthcareapis:FhirService';

let context: TestContext;

/** The local cloud's FHIR service in a process of its own, as a service on another machine would be. */
const handlers = {
  start: async (folder: string) => {
    context = await testContext(join(folder, 'fhir'));
    const services = new FhirServices(context, { send: async () => {} } as never);
    const { authenticationConfiguration } = await services.provision(context.resources.put(kind, id, {}));
    const url = (authenticationConfiguration as { audience: string }).audience;
    const writer = context.authority.principal('writer');
    context.authority.grant(writer, 'Microsoft.HealthcareApis/*', id);
    return { url, token: context.authority.token(writer, url), authority: context.certificates.authority };
  },
};
export type ServiceHandlers = typeof handlers;

serve(handlers);
