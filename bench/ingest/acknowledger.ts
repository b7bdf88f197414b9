import { openCertificates } from '../../local/core/certificates';
import { EndpointBroker } from '../../local/mqtt/endpointBroker';
import { SharedTlsListener } from '../../local/mqtt/sharedTlsListener';
import { serve } from '../childProcess';

let taken = 0;

const handlers = {
  /** The same MQTT library and TLS listener as the hub's, and nothing behind: it acknowledges and forgets. */
  start: async (certificateFolder: string): Promise<number> => {
    const { server } = await openCertificates(certificateFolder);
    const broker = await EndpointBroker.start({ concurrency: 1000, queueLimit: 1000 });
    broker.authorizePublish = (_client, _packet, done) => {
      taken++;
      done(null);
    };
    const onRequest = () => undefined;
    const onMqtt = broker.handle.bind(broker);
    return (await SharedTlsListener.listen({ port: 0, server, onMqtt, onRequest })).port;
  },
  taken: async () => taken,
};
export type AcknowledgerHandlers = typeof handlers;

serve(handlers);
