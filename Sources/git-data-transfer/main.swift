import Agent

Agent.main()
