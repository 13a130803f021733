import Agent
import Platform
import RemoteHelper

// One program by two names: both open remotes, and what they link is large.
if Environment.programName == RemoteHelper.programName { RemoteHelper.main(opening: openRemote) }
Agent.main()
