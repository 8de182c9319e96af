/**
 * `sightline update-knowledge --from URL` against a server on this machine: what is fetched, what is refused, and that it goes nowhere
 * else. Needs openssl for the server's certificate.
 */
import { execFile, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildProgram, type Program } from "../support/program.ts";

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
const ready = hasOpenssl && process.platform !== "win32";

let program: Program;
let server: Server;
let origin: string;
/** Paths that were asked for. */
let asked: string[];

const ZOOM = "170.114.0.0/16\n206.247.0.0/16\n";

beforeAll(async () => {
  if (!ready) return;
  program = await buildProgram();
  const [key, cert] = ["key.pem", "cert.pem"].map((name) => join(program.cwd, name)) as [string, string];
  const { status } = spawnSync(
    "openssl",
    `req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout ${key} -out ${cert}`.split(
      " ",
    ),
  );
  expect(status).toBe(0);
  server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
    asked.push(request.url ?? "");
    switch (request.url) {
      case "/Zoom.txt":
        return response.end(ZOOM);
      case "/moved":
        return response.writeHead(302, { location: "/Zoom.txt" }).end();
      case "/elsewhere":
        return response.writeHead(301, { location: "https://other.example/Zoom.txt" }).end();
      case "/plain":
        return response.writeHead(302, { location: origin.replace("https", "http") }).end();
      case "/round":
        return response.writeHead(302, { location: "/round" }).end();
      case "/page":
        return response.end("<html><title>Sign in</title></html>");
      case "/long": {
        const piece = Buffer.alloc(1 << 20, "1");
        for (let i = 0; i < 6; i++) response.write(piece);
        return response.end();
      }
      case "/broken":
        response.writeHead(200, { "content-length": "1000" });
        return response.write(ZOOM, () => response.destroy());
      default:
        return response.writeHead(404).end("no");
    }
  });
  server.listen(0, "localhost");
  await once(server, "listening");
  origin = `https://localhost:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server?.close();
  program?.remove();
});

interface Run {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function update(
  path: string,
  env: NodeJS.ProcessEnv = { NODE_EXTRA_CA_CERTS: join(program.cwd, "cert.pem") },
): Promise<Run> {
  asked = [];
  return new Promise((resolve) => {
    const child = execFile(
      "sightline",
      ["update-knowledge", "--from", origin + path],
      { cwd: program.cwd, env: { ...program.env, ...env } },
      (_, stdout, stderr) => resolve({ status: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

describe.skipIf(!ready)("--from URL (needs openssl)", () => {
  test.each(["/Zoom.txt", "/moved"])(
    "%s is fetched, and kept as of today under the address that was given",
    async (path) => {
      const { status, stdout, stderr } = await update(path);
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      expect(stdout).toContain(`2 ranges of `);
      expect(stdout).toContain(`from ${origin}${path}, recognised by its addresses.`);
      const kept = JSON.parse(readFileSync(join(program.cwd, ".local/share/sightline/lists/zoom.json"), "utf8"));
      const today = new Date().toISOString().slice(0, 10);
      expect(kept).toMatchObject({ service: "zoom", source: origin + path, blocks: ZOOM.trim().split("\n") });
      // It may have been midnight.
      expect(Date.parse(today) - Date.parse(kept.date)).toBeLessThanOrEqual(86_400_000);
      expect(asked).toEqual(path === "/moved" ? ["/moved", "/Zoom.txt"] : ["/Zoom.txt"]);
    },
  );

  test.each([
    ["/elsewhere", /leads to another server, https:\/\/other\.example\/Zoom\.txt\n.*if you mean that one: --from/],
    ["/plain", /leads to another server, http:/],
    ["/round", /leads from one page to the next, more than 5 times/],
    ["/missing", /the server answered 404 Not Found/],
    ["/page", /a web page \(“Sign in”\), perhaps an error or a login/],
    ["/long", /more than 4194304 bytes/],
    ["/broken", /cannot be fetched/],
  ])("%s is refused", async (path, message) => {
    const { status, stdout, stderr } = await update(path);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(message);
    expect(new Set(asked)).toEqual(new Set([path]));
  });

  test("a certificate that is not trusted is said to be perhaps a proxy's", async () => {
    const { status, stderr } = await update("/Zoom.txt", {});
    expect(status).toBe(2);
    expect(stderr).toMatch(
      /its certificate is not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\)\n.*perhaps a proxy intercepts/,
    );
    expect(asked).toEqual([]);
  });

  test("nothing is fetched without being told to", async () => {
    asked = [];
    const { status, stdout } = spawnSync("sightline", ["update-knowledge"], {
      cwd: program.cwd,
      env: program.env,
      encoding: "utf8",
    });
    expect(status).toBe(0);
    expect(stdout).toContain(`2 ranges, imported from ${origin}`);
    expect(asked).toEqual([]);
  });
});
