/** Writes a field of a protobuf message: text, a message in bytes, or a whole number. */
function field(number: number, value: string | Buffer | number): Buffer {
  if (typeof value === 'number') return Buffer.concat([varint(number << 3), varint(value)]);
  const bytes = Buffer.from(value);
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

const message = (...fields: Buffer[]) => Buffer.concat(fields);
const float = 1;
const int64 = 7;

/** A matrix of float32 with any number of rows. */
function valueInfo(name: string, columns: number): Buffer {
  const shape = message(field(1, message(field(2, 'windows'))), field(1, message(field(1, columns))));
  return message(field(1, name), field(2, message(field(1, message(field(1, float), field(2, shape))))));
}

function tensor(name: string, type: number, dimensions: readonly number[], data: Buffer): Buffer {
  return message(...dimensions.map((one) => field(1, one)), field(2, type), field(8, name), field(9, data));
}

/** An ONNX file (opset 13): the output `risk` [n, 1] is one column of the input [n, columns], times a factor. */
export function onnxFile(columns: number, column: number, factor: number): Buffer {
  const index = Buffer.alloc(8);
  index.writeBigInt64LE(BigInt(column));
  const scale = Buffer.alloc(4);
  scale.writeFloatLE(factor);
  const axis = message(field(1, 'axis'), field(3, 1), field(20, 2));
  const gather = message(...[1, 1].map((one, at) => field(one, ['features', 'column'][at] as string)));
  const graph = message(
    field(1, message(gather, field(2, 'picked'), field(4, 'Gather'), field(5, axis))),
    field(1, message(field(1, 'picked'), field(1, 'factor'), field(2, 'risk'), field(4, 'Mul'))),
    field(2, 'graph'),
    field(5, tensor('column', int64, [1], index)),
    field(5, tensor('factor', float, [1], scale)),
    field(11, valueInfo('features', columns)),
    field(12, valueInfo('risk', 1)),
  );
  return message(field(1, 8), field(7, graph), field(8, message(field(1, ''), field(2, 13))));
}
