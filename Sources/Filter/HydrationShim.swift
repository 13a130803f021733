import Diagnostics
import Digest
import Git
import ObjectStore
import Platform
import Repository
package struct HydrationFile: Sendable { package let path: BytePath; package let mode: String; package let gitBlob: GitObjectName; package let pointerText: [UInt8]; package let oid: ObjectID; package let byteCount: Int64
 package init(path: BytePath, mode: String, gitBlob: GitObjectName, pointerText: [UInt8], oid: ObjectID, byteCount: Int64) { self.path = path; self.mode = mode; self.gitBlob = gitBlob; self.pointerText = pointerText; self.oid = oid; self.byteCount = byteCount } }
package struct HydrationOutcome { package enum Reason { case edited, blobAbsent, blobDamaged(kept: BytePath), pathUnsafe(String), system(SystemError) }
 package var done: [HydrationFile] = []; package var unfinished: [(file: HydrationFile, reason: Reason)] = []; package var indexMessage: String? }
package struct Hydration { package init(repository: Repository, store: ObjectStore, progress: any ProgressObserver) {}
 package func run(_ files: [HydrationFile], makingAbsent: Bool) throws -> HydrationOutcome { HydrationOutcome() } }
