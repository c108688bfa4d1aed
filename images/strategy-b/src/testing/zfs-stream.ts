// Synthesised `zfs send` streams for tests: right first and last records around any content.

const recordBytes = 312;

/** Given a GUID and content, return a stream that passes for a plain full send of that snapshot. */
export function zfsStream(
  guid: string,
  content: Buffer,
  type: 'filesystem' | 'volume' = 'filesystem',
): Buffer {
  const begin = Buffer.alloc(recordBytes);
  begin.writeBigUInt64LE(0x2f5bacbacn, 8);
  begin.writeUInt32LE(type === 'filesystem' ? 2 : 3, 32);
  begin.writeBigUInt64LE(BigInt(guid), 40);
  const end = Buffer.alloc(recordBytes);
  end.writeUInt32LE(5, 0);
  end.writeBigUInt64LE(BigInt(guid), 40);
  return Buffer.concat([begin, content, end]);
}
