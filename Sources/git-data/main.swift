import Commands
import Platform

Process.exit(Interface.main())
