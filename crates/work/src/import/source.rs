//! A CSV file as rows of text: its encoding, its delimiter, its header, where each row begins.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use csv::{ByteRecord, Position, Reader, ReaderBuilder, StringRecord};
use encoding_rs::{Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use sha2::{Digest, Sha256};

use super::report::ImportError;

/// Bytes that are looked at to tell the encoding.
const SAMPLE: usize = 64 * 1024;

/// A file that is being read.
pub(crate) struct Source {
    reader: Reader<BufReader<File>>,
    /// The header, trimmed.
    pub(crate) headers: Vec<String>,
    /// Size in bytes, after decoding.
    pub(crate) size: u64,
    /// Whether lines end by a carriage return and a line feed.
    crlf: bool,
    /// Where rows begin, in the order in which they are read, where that is not the order of the file.
    order: Option<Vec<Place>>,
    /// Keeps the decoded copy alive.
    _decoded: Option<tempfile::NamedTempFile>,
}

/// Where a row begins.
#[derive(Clone, Copy, Debug)]
struct Place {
    byte: u64,
    line: u64,
}

/// One row.
pub(crate) struct Row {
    /// Number among the rows, from 0.
    pub(crate) number: u64,
    /// Where it begins.
    pub(crate) position: Position,
    /// Its cells, or why they cannot be read.
    pub(crate) cells: Result<StringRecord, String>,
}

impl Source {
    pub(crate) fn open(path: &Path) -> Result<Self, ImportError> {
        let fault = |source| ImportError::Unreadable { file: path.to_path_buf(), source };
        let mut file = File::open(path).map_err(fault)?;
        let mut sample = Vec::with_capacity(SAMPLE);
        Read::by_ref(&mut file).take(SAMPLE as u64).read_to_end(&mut sample).map_err(fault)?;
        file.seek(SeekFrom::Start(0)).map_err(fault)?;
        let encoding = encoding_of(&sample);
        let decoded =
            if encoding == UTF_8 { None } else { Some(decode(&mut file, encoding).map_err(fault)?) };
        let mut file = match &decoded {
            Some(copy) => copy.reopen().map_err(fault)?,
            None => file,
        };
        let size = file.metadata().map_err(fault)?.len();
        let mut head = Vec::new();
        Read::by_ref(&mut file).take(SAMPLE as u64).read_to_end(&mut head).map_err(fault)?;
        let begin = if head.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        file.seek(SeekFrom::Start(0)).map_err(fault)?;
        let mut reader = ReaderBuilder::new()
            .delimiter(delimiter(head.get(begin..).unwrap_or_default()))
            .has_headers(true)
            .flexible(true)
            .from_reader(BufReader::with_capacity(256 * 1024, file));
        let headers = reader.headers().map_err(|error| ImportError::Header { message: csv_fault(&error) })?;
        let headers: Vec<String> =
            headers.iter().map(|header| header.trim_start_matches('\u{feff}').trim().to_owned()).collect();
        if headers.iter().all(String::is_empty) {
            return Err(ImportError::Header { message: "the file has no header".to_owned() });
        }
        let crlf = ends_by_crlf(head.get(begin..).unwrap_or_default());
        Ok(Self { reader, headers, size, crlf, order: None, _decoded: decoded })
    }

    /// Reads the rows from now on in the order of a time that each of them tells; those that tell none last, equal ones as they stand. Looks
    /// at the whole file once; a file that is in order already is read as it stands.
    pub(crate) fn sort(&mut self, time: impl Fn(&StringRecord) -> Option<i64>) -> Result<(), ImportError> {
        let start = self.reader.position().clone();
        let mut rows: Vec<(i64, Place)> = Vec::new();
        while let Some(row) = self.in_file(0) {
            let told = row.cells.ok().and_then(|cells| time(&cells)).unwrap_or(i64::MAX);
            rows.push((told, Place { byte: row.position.byte(), line: row.position.line() }));
        }
        if !rows.is_sorted_by_key(|(told, _)| *told) {
            rows.sort_by_key(|(told, _)| *told);
            self.order = Some(rows.into_iter().map(|(_, place)| place).collect());
        }
        self.seek(start)
    }

    /// The line on which a row begins, from 1.
    pub(crate) fn line(&self, position: &Position) -> u64 {
        // Where lines end by two marks, the reader stands between them.
        position.line() + u64::from(self.crlf)
    }

    /// The next row; `number` counts them.
    pub(crate) fn next(&mut self, number: u64) -> Option<Row> {
        let Some(order) = &self.order else { return self.in_file(number) };
        let place = order.get(usize::try_from(number).ok()?)?;
        let mut position = Position::new();
        position.set_byte(place.byte).set_line(place.line);
        match self.seek(position.clone()) {
            Ok(()) => self.in_file(number),
            Err(error) => Some(Row { number, position, cells: Err(error.to_string()) }),
        }
    }

    fn in_file(&mut self, number: u64) -> Option<Row> {
        let mut bytes = ByteRecord::new();
        let before = self.reader.position().clone();
        match self.reader.read_byte_record(&mut bytes) {
            Ok(false) => None,
            Ok(true) => {
                let position = bytes.position().cloned().unwrap_or(before);
                Some(Row { number, position, cells: self.cells(bytes) })
            }
            Err(error) => Some(Row { number, position: before, cells: Err(csv_fault(&error)) }),
        }
    }

    /// The row that begins there.
    pub(crate) fn row_at(&mut self, number: u64, position: &Position) -> Result<Option<Row>, ImportError> {
        self.seek(position.clone())?;
        Ok(self.in_file(number))
    }

    fn seek(&mut self, position: Position) -> Result<(), ImportError> {
        self.reader.seek(position).map_err(|error| ImportError::Header { message: csv_fault(&error) })
    }

    /// How far reading is, in bytes, when so many rows are read.
    pub(crate) fn bytes(&self, rows: u64) -> u64 {
        match &self.order {
            None => self.reader.position().byte(),
            Some(order) => self.size.saturating_mul(rows) / u64::try_from(order.len()).unwrap_or(1).max(1),
        }
    }

    fn cells(&self, bytes: ByteRecord) -> Result<StringRecord, String> {
        let count = bytes.len();
        let expected = self.headers.len();
        if count < expected {
            return Err(format!("the row has {count} cells, the header {expected}"));
        }
        if bytes.iter().skip(expected).any(|cell| !cell.trim_ascii().is_empty()) {
            return Err(format!("the row has {count} cells, the header {expected}"));
        }
        StringRecord::from_byte_record(bytes).map_err(|_| "the row is not UTF-8 text".to_owned())
    }
}

/// SHA-256 of a file.
pub(crate) fn fingerprint(path: &Path, hash: &mut Sha256) -> std::io::Result<()> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        hash.update(buffer.get(..count).unwrap_or_default());
    }
}

fn csv_fault(error: &csv::Error) -> String {
    format!("the file is not CSV: {error}")
}

/// By its mark, else UTF-8 if it is that, else Chinese (GB 18030, which holds GBK) if it is that, else Western European.
fn encoding_of(sample: &[u8]) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(sample) {
        return encoding;
    }
    let zeros = |odd: usize| sample.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    if sample.len() >= 4 && zeros(1) * 4 > sample.len() {
        return UTF_16LE;
    }
    if sample.len() >= 4 && zeros(0) * 4 > sample.len() {
        return UTF_16BE;
    }
    match std::str::from_utf8(sample) {
        Ok(_) => UTF_8,
        // A character may be cut at the end of the sample.
        Err(error) if error.error_len().is_none() => UTF_8,
        Err(_) if !decodes_badly(GB18030, sample) => GB18030,
        Err(_) => WINDOWS_1252,
    }
}

fn decodes_badly(encoding: &'static Encoding, sample: &[u8]) -> bool {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut out = String::with_capacity(sample.len() * 3);
    let (_, _, errors) = decoder.decode_to_string(sample, &mut out, false);
    let text = |c: char| {
        c.is_ascii() || ('\u{2e80}'..='\u{9fff}').contains(&c) || ('\u{ff00}'..='\u{ffef}').contains(&c)
    };
    // In Chinese nearly every second byte of a character is high as well; in Western text a high byte stands before a plain letter.
    let (mut high, mut low) = (0, 0);
    let mut bytes = sample.iter();
    while let Some(first) = bytes.next() {
        if *first >= 0x80 {
            match bytes.next() {
                Some(second) if *second >= 0x80 => high += 1,
                Some(second) if second.is_ascii_digit() => {}
                _ => low += 1,
            }
        }
    }
    let western = encoding == GB18030 && low > high;
    let letters = out.chars().filter(|c| !c.is_ascii()).count();
    let strange = out.chars().filter(|c| !text(*c)).count();
    errors || western || strange * 10 > letters
}

/// Writes the file as UTF-8 to a temporary one, in flat memory.
fn decode(file: &mut File, encoding: &'static Encoding) -> std::io::Result<tempfile::NamedTempFile> {
    let mut out = tempfile::NamedTempFile::new()?;
    let mut decoder = encoding.new_decoder_with_bom_removal();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = file.read(&mut buffer)?;
        let mut rest = buffer.get(..count).unwrap_or_default();
        loop {
            let mut text = String::with_capacity(rest.len() * 3 + 16);
            let (result, read, _) = decoder.decode_to_string(rest, &mut text, count == 0);
            out.write_all(text.as_bytes())?;
            rest = rest.get(read..).unwrap_or_default();
            if result == encoding_rs::CoderResult::InputEmpty {
                break;
            }
        }
        if count == 0 {
            out.flush()?;
            return Ok(out);
        }
    }
}

/// Whether the header ends by a carriage return before its line feed.
fn ends_by_crlf(head: &[u8]) -> bool {
    let mut quoted = false;
    let end = head.iter().position(|byte| {
        quoted ^= *byte == b'"';
        *byte == b'\n' && !quoted
    });
    end.and_then(|end| head.get(end.checked_sub(1)?)) == Some(&b'\r')
}

/// The one of `, ; tab |` that stands most often in the header, outside of quotes.
fn delimiter(head: &[u8]) -> u8 {
    let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0), (b'|', 0)];
    let mut quoted = false;
    for byte in head {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => break,
            _ if quoted => {}
            other => {
                if let Some((_, count)) = counts.iter_mut().find(|(candidate, _)| candidate == other) {
                    *count += 1;
                }
            }
        }
    }
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(0);
    counts.iter().find(|(_, count)| *count == most).map_or(b',', |(byte, _)| *byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(bytes: &[u8]) -> (Vec<String>, Vec<Result<Vec<String>, String>>) {
        let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
        file.write_all(bytes).expect("written");
        let mut source = Source::open(file.path()).expect("readable");
        let mut out = Vec::new();
        while let Some(row) = source.next(out.len() as u64) {
            out.push(row.cells.map(|cells| cells.iter().map(str::to_owned).collect()));
        }
        (source.headers, out)
    }

    fn texts(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|cell| (*cell).to_owned()).collect()
    }

    #[test]
    fn quotes_newlines_marks_and_delimiters_are_understood() {
        let (headers, found) = rows(b"\xef\xbb\xbfname; note\r\n\"A; B\";\"two\nlines \"\"quoted\"\"\"\r\n");
        assert_eq!(headers, ["name", "note"]);
        assert_eq!(found, vec![Ok(texts(&["A; B", "two\nlines \"quoted\""]))]);
        assert_eq!(rows(b"a\tb\n1\t2\n").1, vec![Ok(texts(&["1", "2"]))]);
        assert_eq!(rows(b"\"a;b;c\",d\n1,2\n").0, ["a;b;c", "d"]);
    }

    #[test]
    fn lines_are_counted_however_they_end() {
        for (text, lines) in [("a,b\n1,2\n3,4\n", [2, 3]), ("a,b\r\n1,2\r\n3,4\r\n", [2, 3])] {
            let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
            file.write_all(text.as_bytes()).expect("written");
            let mut source = Source::open(file.path()).expect("readable");
            let found = [0, 1].map(|number| {
                let row = source.next(number).expect("a row");
                source.line(&row.position)
            });
            assert_eq!(found, lines, "{text:?}");
        }
    }

    #[test]
    fn ragged_rows_are_told_apart() {
        let (_, found) = rows(b"a,b\n1\n1,2,\n1,2,3\n");
        assert!(found[0].as_ref().is_err_and(|why| why.contains("1 cells")));
        assert!(found[1].is_ok(), "empty cells too many do no harm");
        assert!(found[2].is_err());
    }

    #[test]
    fn other_encodings_are_told_and_read() {
        let text = "名称,城市\n中国石油,北京\n";
        let (gbk, _, _) = encoding_rs::GBK.encode(text);
        assert_eq!(rows(&gbk).0, ["名称", "城市"]);
        assert_eq!(rows(&gbk).1, vec![Ok(texts(&["中国石油", "北京"]))]);
        let utf16: Vec<u8> =
            [0xff, 0xfe].into_iter().chain("a,b\nä,ö\n".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(rows(&utf16).1, vec![Ok(texts(&["ä", "ö"]))]);
        let (latin, _, _) = WINDOWS_1252.encode("name,city\nMüller,Köln\nRené,Genève\n");
        assert_eq!(rows(&latin).1, vec![Ok(texts(&["Müller", "Köln"])), Ok(texts(&["René", "Genève"]))]);
        let (one, _, _) = WINDOWS_1252.encode("name,city\nMüller,Bonn\n");
        assert_eq!(rows(&one).1, vec![Ok(texts(&["Müller", "Bonn"]))]);
    }

    #[test]
    fn rows_are_read_in_the_order_of_what_they_tell() {
        let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
        file.write_all(b"a,t\nx,3\n\"y\nz\",1\nnone,-\nlast,3\nfirst,0\n").expect("written");
        let mut source = Source::open(file.path()).expect("readable");
        source.sort(|cells| cells.get(1)?.parse().ok()).expect("sorts");
        let mut out = Vec::new();
        while let Some(row) = source.next(out.len() as u64) {
            let cells = row.cells.expect("cells");
            out.push((row.position.line(), cells.get(0).expect("a cell").to_owned()));
        }
        let expected = [(7, "first"), (3, "y\nz"), (2, "x"), (6, "last"), (5, "none")];
        assert_eq!(out, expected.map(|(line, cell)| (line, cell.to_owned())));
    }

    #[test]
    fn a_row_is_found_again_where_it_began() {
        let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
        file.write_all(b"a,b\n1,\"x\ny\"\n2,z\n").expect("written");
        let mut source = Source::open(file.path()).expect("readable");
        let first = source.next(0).expect("a row");
        let second = source.next(1).expect("a row");
        assert_eq!((first.position.line(), second.position.line()), (2, 4));
        let again = source.row_at(0, &first.position).expect("seeks").expect("a row");
        assert_eq!(again.cells.expect("cells").get(1), Some("x\ny"));
    }
}
