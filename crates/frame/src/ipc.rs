//! Arrow files (`.arrow`, `.feather`) and streams.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::{ArrowError, SchemaRef};

use crate::bytes::unreadable;
use crate::stream::{Format, Guarded, RawBatches, StreamSource, damaged, guarded};
use crate::{FrameError, ReadOptions, Source};

/// The first bytes of an Arrow file; a stream has none.
pub(crate) const MAGIC: &[u8] = b"ARROW1";

/// An Arrow file on disk.
struct Ipc {
    path: PathBuf,
    file: String,
    schema: SchemaRef,
    /// A stream instead of a file with a footer.
    stream: bool,
}

/// Opens an Arrow file or stream.
pub(crate) fn open(path: &Path, options: &ReadOptions) -> Result<Box<dyn Source>, FrameError> {
    let file = path.display().to_string();
    let mut handle = File::open(path).map_err(|e| unreadable(&file, &e))?;
    let mut magic = [0; 6];
    let stream = !matches!(handle.read_exact(&mut magic), Ok(()) if magic == MAGIC);
    let schema = guarded(&file, || {
        handle
            .seek(SeekFrom::Start(0))
            .map_err(|e| unreadable(&file, &e))?;
        let reader = BufReader::new(handle);
        let schema = if stream {
            StreamReader::try_new(reader, None).map(|r| r.schema())
        } else {
            FileReader::try_new(reader, None).map(|r| r.schema())
        };
        schema.map_err(|e| damaged(&file, &e))
    })?;
    let format = Ipc {
        path: path.to_owned(),
        file,
        schema,
        stream,
    };
    Ok(Box::new(StreamSource::new(format, options)?))
}

impl Format for Ipc {
    fn schema(&self) -> SchemaRef {
        SchemaRef::clone(&self.schema)
    }

    fn rows(&self) -> Option<usize> {
        None
    }

    fn read(&self, fields: &[usize]) -> Result<RawBatches, FrameError> {
        guarded(&self.file, || {
            let handle = File::open(&self.path).map_err(|e| unreadable(&self.file, &e))?;
            let reader = BufReader::new(handle);
            let fields = Some(fields.to_vec());
            let batches: Result<RawBatches, ArrowError> = if self.stream {
                StreamReader::try_new(reader, fields)
                    .map(|r| Box::new(Guarded::new(r)) as RawBatches)
            } else {
                FileReader::try_new(reader, fields).map(|r| Box::new(Guarded::new(r)) as RawBatches)
            };
            batches.map_err(|e| damaged(&self.file, &e))
        })
    }

    fn file(&self) -> &str {
        &self.file
    }
}
