/**
 * Vantage: where a capture was taken. Owns the counting, over all connections, of what tells; knows nothing of what is kept.
 */
import type { Flow } from "../stream/flow.ts";
import type { Observations } from "./observations.ts";

/** TTLs with which systems begin: one of these at the capture means that no router was passed. */
const INITIAL_TTLS: ReadonlySet<number> = new Set([32, 64, 128, 255]);

export class Vantage {
  private known = 0;
  private clientNear = 0;
  private serverNear = 0;
  private readonly clients = new Ends();
  private readonly servers = new Ends();

  add(flow: Flow, clientSide: 0 | 1): void {
    const serverSide = clientSide === 0 ? 1 : 0;
    const client = flow.half(clientSide).ttl;
    const server = flow.half(serverSide).ttl;
    if (client < 0 || server < 0 || flow.syns === 0) return;
    this.known++;
    this.clients.add(flow, clientSide);
    this.servers.add(flow, serverSide);
    if (INITIAL_TTLS.has(client)) this.clientNear++;
    if (INITIAL_TTLS.has(server)) this.serverNear++;
  }

  /**
   * Packets that still have the TTL they were sent with come from a machine next to the capture. When both ends look so (an
   * interceptor in the same network), one address that is at one end of everything is the captured machine.
   */
  get is(): Observations["vantage"] {
    if (this.known === 0) return "unknown";
    const mostClients = this.clientNear * 2 > this.known;
    const mostServers = this.serverNear * 2 > this.known;
    if (mostClients && !mostServers) return "client";
    if (mostServers && !mostClients) return "server";
    if (!mostClients && !mostServers) return "middle";
    if (!this.clients.several && this.servers.several) return "client";
    if (!this.servers.several && this.clients.several) return "server";
    return "unknown";
  }
}

/** Whether the addresses at one end are one and the same. */
class Ends {
  several = false;
  private first: readonly number[] | undefined;

  add(flow: Flow, side: 0 | 1): void {
    if (this.several) return;
    const { ipVersion } = flow;
    const address =
      side === 0 ? [ipVersion, flow.a0, flow.a1, flow.a2, flow.a3] : [ipVersion, flow.b0, flow.b1, flow.b2, flow.b3];
    this.first ??= address;
    this.several = address.some((word, index) => word !== this.first?.[index]);
  }
}
