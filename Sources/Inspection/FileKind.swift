// Inspection: what is in a data file, told from its bytes: which kind of file it is, and of some kinds
// how large the table, the array or the picture is. Every byte may come from a stranger: nothing here
// trusts a length that it reads. It knows neither Git nor blobs.

/// What a file is, by the bytes that it begins with. File names are not looked at.
package enum FileKind: Equatable, Sendable, CaseIterable {
    // Tables and arrays
    case parquet, arrow, arrowStream, feather, orc, avro, csv, tsv, numPyArray, numPyArchive, hdf5, sqlite
    // Models and objects
    case safetensors, gguf, onnx, pyTorch, pickle
    // Pictures, sound, film, documents
    case png, jpeg, gif, webP, tiff, bmp, wav, flac, mp3, ogg, mp4, pdf
    // Archives and compressed files
    case zip, gzip, zstandard, xz, bzip2, tar
    // Programs
    case elf
    // Text
    case json, jsonLines, text
    case empty
    /// Bytes of no kind that is known here.
    case binary

    /// In a few words, for a person.
    package var name: String {
        switch self {
        case .parquet: "Parquet table"
        case .arrow: "Arrow table"
        case .arrowStream: "Arrow stream"
        case .feather: "Feather table"
        case .orc: "ORC table"
        case .avro: "Avro records"
        case .csv: "CSV table"
        case .tsv: "TSV table"
        case .numPyArray: "NumPy array"
        case .numPyArchive: "NumPy archive"
        case .hdf5: "HDF5 file"
        case .sqlite: "SQLite database"
        case .safetensors: "safetensors weights"
        case .gguf: "GGUF model"
        case .onnx: "ONNX model"
        case .pyTorch: "PyTorch checkpoint"
        case .pickle: "Python pickle"
        case .png: "PNG image"
        case .jpeg: "JPEG image"
        case .gif: "GIF image"
        case .webP: "WebP image"
        case .tiff: "TIFF image"
        case .bmp: "BMP image"
        case .wav: "WAV audio"
        case .flac: "FLAC audio"
        case .mp3: "MP3 audio"
        case .ogg: "Ogg audio or video"
        case .mp4: "MP4 video"
        case .pdf: "PDF document"
        case .zip: "zip archive"
        case .gzip: "gzip-compressed file"
        case .zstandard: "Zstandard-compressed file"
        case .xz: "xz-compressed file"
        case .bzip2: "bzip2-compressed file"
        case .tar: "tar archive"
        case .elf: "ELF program or library"
        case .json: "JSON document"
        case .jsonLines: "JSON Lines records"
        case .text: "text"
        case .empty: "empty file"
        case .binary: "binary data"
        }
    }

    /// Whether people read it as it is, and lines of it can be compared.
    package var isText: Bool {
        switch self {
        case .csv, .tsv, .json, .jsonLines, .text, .empty: true
        default: false
        }
    }
}
