/** `outdir` is relative to the root of the repository and inside it, so that packages resolve. */
export function bundle(outdir: string): Promise<void>;
