// Text that is piped in.

/** Everything on stdin, as text; empty when stdin is a terminal, so that no command waits for what nobody types. */
export async function readStandardInput(): Promise<string> {
  if (process.stdin.isTTY) return '';
  const pieces: Buffer[] = [];
  for await (const piece of process.stdin) pieces.push(piece as Buffer); // no encoding is set
  return Buffer.concat(pieces).toString('utf8');
}
